"""Compute a quote to the cent: discount tiers, a voucher, VAT by rate and reverse charge.

event:  {"currency", "seller", "customer", "tiers", "voucher", "vat_percent", "lines"}
result: {"lines", "net", "vat", "gross", "notes", ...}; every amount is a string

Money is never a float: 0.1 + 0.2 is not 0.3 there. Decimal does the sums as people do.
"""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

EU = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
}


def to_cents(amount):
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def tier_discount(tiers, quantity):
    reached = [tier for tier in tiers if quantity >= tier["from_quantity"]]
    if not reached:
        return Decimal(0)
    return Decimal(max(reached, key=lambda tier: tier["from_quantity"])["percent"])


def share_out(total, weights):
    """Split `total` by weight so that the parts sum to it exactly (largest remainder)."""
    whole = sum(weights)
    if not whole:
        return [Decimal(0) for weight in weights]
    exact = [total * weight / whole for weight in weights]
    parts = [share.quantize(CENT, rounding=ROUND_DOWN) for share in exact]
    cents_left = int((total - sum(parts)) / CENT)
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - exact[i])
    for i in by_remainder[:cents_left]:
        parts[i] += CENT
    return parts


def vat_treatment(seller, customer):
    if customer["country"] == seller["country"]:
        return "domestic", None
    if customer["country"] not in EU:
        return "export", "Export outside the EU: no VAT is charged."
    if customer.get("vat_id"):
        return "reverse_charge", "Reverse charge: VAT is due by the recipient."
    return "domestic", None


def handler(event, context):
    lines = []
    for line in event["lines"]:
        quantity = Decimal(line["quantity"])
        list_amount = to_cents(Decimal(line["unit_price"]) * quantity)
        percent = tier_discount(event["tiers"], quantity)
        discount = to_cents(list_amount * percent / 100)
        lines.append({
            "line": line,
            "list_amount": list_amount,
            "percent": percent,
            "net": list_amount - discount,
        })

    # A voucher is one amount over the whole quote. It is shared out over the lines, because
    # lines may carry different VAT rates and each rate needs its own net sum.
    subtotal = sum(line["net"] for line in lines)
    voucher = event.get("voucher")
    reduction = Decimal(0)
    if voucher and subtotal >= Decimal(voucher["minimum"]):
        reduction = min(Decimal(voucher["amount"]), subtotal)
    for line, part in zip(lines, share_out(reduction, [line["net"] for line in lines])):
        line["voucher"] = part
        line["net"] -= part

    treatment, note = vat_treatment(event["seller"], event["customer"])
    net_by_rate = {}
    for line in lines:
        rate = event["vat_percent"][line["line"]["vat"]] if treatment == "domestic" else "0"
        net_by_rate[rate] = net_by_rate.get(rate, Decimal(0)) + line["net"]

    # VAT is rounded once per rate, not per line: that is what the invoice has to show.
    vat = [
        {"percent": rate, "net": str(net), "vat": str(to_cents(net * Decimal(rate) / 100))}
        for rate, net in sorted(net_by_rate.items(), key=lambda item: -Decimal(item[0]))
    ]
    net = sum(line["net"] for line in lines)
    vat_total = sum(Decimal(row["vat"]) for row in vat)

    return {
        "currency": event["currency"],
        "treatment": treatment,
        "lines": [
            {
                "sku": line["line"]["sku"],
                "quantity": line["line"]["quantity"],
                "list_amount": str(line["list_amount"]),
                "discount_percent": str(line["percent"]),
                "voucher": str(line["voucher"]),
                "net": str(line["net"]),
            }
            for line in lines
        ],
        "subtotal": str(subtotal),
        "voucher": str(reduction),
        "net": str(net),
        "vat": vat,
        "vat_total": str(vat_total),
        "gross": str(net + vat_total),
        "gross_text": f"{net + vat_total:,.2f} {event['currency']}",
        "notes": [note] if note else [],
    }
