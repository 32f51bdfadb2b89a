"""Says when something recurs: by cron and time zone, or by interval and phase.

Everything here is pure: moments come in and moments come out.
"""
