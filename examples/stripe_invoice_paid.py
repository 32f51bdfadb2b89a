"""Turn Stripe's `invoice.paid` webhook into records for a CRM.

event:  the webhook's body as Stripe sends it
result: {"upserts": [{"object", "match_on", "fields"}], "skipped": null or a reason}

Every upsert names the field it is matched on, so a webhook that arrives twice changes nothing.
"""

from datetime import UTC, datetime
from decimal import Decimal

# Stripe counts in the smallest unit of a currency; for these that is the currency itself.
ZERO_DECIMAL = {
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd",
    "vuv", "xaf", "xof", "xpf",
}

MONTHS_PER_INTERVAL = {"month": 1, "year": 12}


def money(amount, currency):
    # scaleb moves the point and keeps the zeros: 58310 becomes 583.10, not 583.1.
    value = Decimal(amount).scaleb(0 if currency in ZERO_DECIMAL else -2)
    return {"amount": str(value), "currency": currency.upper()}


def iso_time(seconds):
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC).isoformat()


def monthly_recurring(lines, currency):
    total = Decimal(0)
    for line in lines:
        recurring = (line.get("price") or {}).get("recurring")
        # Credits for unused time are a correction of the past, not future revenue.
        if not recurring or line.get("proration"):
            continue
        months = MONTHS_PER_INTERVAL.get(recurring["interval"])
        if months:
            total += Decimal(line["amount"]) / (months * recurring["interval_count"])
    return money(int(total.to_integral_value()), currency)


def handler(event, context):
    if event["type"] != "invoice.paid":
        return {"upserts": [], "skipped": f"event type {event['type']}"}
    if not event["livemode"]:
        return {"upserts": [], "skipped": "test mode"}

    invoice = event["data"]["object"]
    currency = invoice["currency"]
    lines = invoice["lines"]["data"]
    address = invoice.get("customer_address") or {}

    customer = {
        "object": "company",
        "match_on": "stripe_customer_id",
        "fields": {
            "stripe_customer_id": invoice["customer"],
            "name": invoice.get("customer_name"),
            "billing_email": (invoice.get("customer_email") or "").lower() or None,
            "country": address.get("country"),
            "city": address.get("city"),
            "monthly_recurring_revenue": monthly_recurring(lines, currency),
            "last_paid_at": iso_time(invoice["status_transitions"]["paid_at"]),
        },
    }

    tax = sum(part["amount"] for part in invoice.get("total_tax_amounts") or [])
    payment = {
        "object": "invoice",
        "match_on": "stripe_invoice_id",
        "fields": {
            "stripe_invoice_id": invoice["id"],
            "number": invoice["number"],
            "paid": money(invoice["amount_paid"], currency),
            "tax": money(tax, currency),
            "is_first": invoice["billing_reason"] == "subscription_create",
            "link": invoice.get("hosted_invoice_url"),
            "lines": [
                {
                    "text": line["description"],
                    "quantity": line.get("quantity"),
                    "amount": money(line["amount"], currency),
                    "from": iso_time(line["period"]["start"]),
                    "to": iso_time(line["period"]["end"]),
                }
                for line in lines
            ],
        },
    }

    print(f"{event['id']}: {len(lines)} lines for {invoice['customer']}")
    return {"upserts": [customer, payment], "skipped": None}
