"""Summarise one person's calendar week: meetings, clashes, free slots and time to focus.

event:  {"time_zone", "week_start", "work_hours", "own_domain", "events": [Google Calendar events]}
result: {"days", "clashes", "totals", "busiest_day", "text"}

Meetings come in any time zone; a week is lived in one.
"""

from datetime import date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

FREE_SLOT_MINUTES = 30
FOCUS_MINUTES = 90


def minutes(delta):
    return int(delta.total_seconds() // 60)


def clock(moment):
    return moment.strftime("%H:%M")


def is_mine(meeting):
    # Declined and cancelled meetings stay in the feed; they take nobody's time.
    if meeting.get("status") == "cancelled" or meeting.get("transparency") == "transparent":
        return False
    own = [one for one in meeting.get("attendees", []) if one.get("self")]
    return not own or own[0]["responseStatus"] != "declined"


def is_external(meeting, own_domain):
    addresses = [one["email"] for one in meeting.get("attendees", [])]
    return any(address.rpartition("@")[2] != own_domain for address in addresses)


def read_meetings(event, zone):
    timed, absent_days = [], {}
    for entry in event["events"]:
        if not is_mine(entry):
            continue
        if "date" in entry["start"]:
            # All-day entries run to the day after their last one.
            day = date.fromisoformat(entry["start"]["date"])
            while day < date.fromisoformat(entry["end"]["date"]):
                absent_days[day] = entry["summary"]
                day += timedelta(days=1)
            continue
        timed.append({
            "title": entry.get("summary", "(no title)"),
            "start": datetime.fromisoformat(entry["start"]["dateTime"]).astimezone(zone),
            "end": datetime.fromisoformat(entry["end"]["dateTime"]).astimezone(zone),
            "is_external": is_external(entry, event["own_domain"]),
            "is_focus": entry.get("eventType") == "focusTime",
        })
    return sorted(timed, key=lambda meeting: (meeting["start"], meeting["end"])), absent_days


def free_slots(busy, opens, closes):
    slots = []
    at = opens
    for meeting in busy:
        start = min(meeting["start"], closes)
        if start > at:
            slots.append((at, start))
        at = max(at, meeting["end"])
    if at < closes:
        slots.append((at, closes))
    return slots


def summarise_day(day, meetings, event, zone):
    opens = datetime.combine(day, time.fromisoformat(event["work_hours"]["start"]), tzinfo=zone)
    closes = datetime.combine(day, time.fromisoformat(event["work_hours"]["end"]), tzinfo=zone)
    todays = [one for one in meetings if one["start"].date() == day]
    talks = [one for one in todays if not one["is_focus"]]
    slots = free_slots(talks, opens, closes)
    return {
        "date": day.isoformat(),
        "weekday": day.strftime("%A"),
        "meetings": len(talks),
        "meeting_minutes": sum(minutes(one["end"] - one["start"]) for one in talks),
        "external_minutes": sum(
            minutes(one["end"] - one["start"]) for one in talks if one["is_external"]
        ),
        "outside_work_hours": [
            one["title"] for one in talks if one["start"] < opens or one["end"] > closes
        ],
        "free_slots": [
            f"{clock(start)}-{clock(end)}"
            for start, end in slots
            if minutes(end - start) >= FREE_SLOT_MINUTES
        ],
        "focus_minutes": sum(
            minutes(end - start) for start, end in slots if minutes(end - start) >= FOCUS_MINUTES
        ),
    }


def find_clashes(meetings):
    clashes = []
    for one, other in combinations(meetings, 2):
        both = min(one["end"], other["end"]) - max(one["start"], other["start"])
        if both > timedelta(0):
            clashes.append({
                "day": one["start"].strftime("%A"),
                "titles": [one["title"], other["title"]],
                "minutes": minutes(both),
            })
    return clashes


def handler(event, context):
    zone = ZoneInfo(event["time_zone"])
    first = date.fromisoformat(event["week_start"])
    meetings, absent_days = read_meetings(event, zone)

    days = []
    for offset in range(5):
        day = first + timedelta(days=offset)
        if day in absent_days:
            days.append({
                "date": day.isoformat(), "weekday": day.strftime("%A"), "absent": absent_days[day],
            })
        else:
            days.append(summarise_day(day, meetings, event, zone))

    present = [day for day in days if "absent" not in day]
    totals = {
        name: sum(day[name] for day in present)
        for name in ("meetings", "meeting_minutes", "external_minutes", "focus_minutes")
    }
    busiest = max(present, key=lambda day: day["meeting_minutes"], default=None)
    hours, rest = divmod(totals["meeting_minutes"], 60)
    return {
        "days": days,
        "clashes": find_clashes(meetings),
        "totals": totals,
        "busiest_day": busiest["weekday"] if busiest else None,
        "text": f"{totals['meetings']} meetings, {hours} h {rest:02d} min; "
                f"{totals['focus_minutes'] // 60} h left to focus.",
    }
