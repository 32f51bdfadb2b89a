"""What seeded mails and meetings are made of."""

FIRST_NAMES = (
    *("Ada", "Björn", "Chloé", "Dmitri", "Emeka", "Fatima", "Grace", "Hiroshi", "Inés", "Jonas"),
    *("Kübra", "Léa", "Marek", "Noor", "Olga", "Priya", "Quentin", "Rosa", "Søren", "Tomás"),
    *("Uma", "Víctor", "Wen", "Xiulan", "Yusuf", "Zoë"),
)
LAST_NAMES = (
    *("Abel", "Bauer", "Castro", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito"),
    *("Jansen", "Kowalski", "Lindström", "Müller", "Novák", "Okafor", "Petrov", "Quinn"),
    *("Rossi", "Şahin", "Tanaka", "Ueda", "Vogel", "Wang", "Yavuz", "Zhou"),
)
COMPANIES = (
    *("northwind", "contoso", "fabrikam", "tailspin", "adatum", "litware", "proseware"),
    *("wingtip", "alpine", "lucerne"),
)
SUBJECTS = (
    "Quote for {thing}",
    "Question about {thing}",
    "Invoice {number} for {thing}",
    "Meeting notes: {thing}",
    "Contract draft, {thing}",
    "Kick-off for {thing} on {day}",
    "Delay with {thing}",
    "Besprechung: {thing} — nächste Schritte",
    "Réunion à propos de {thing}",
    "{thing}の見積もりについて",
    "Введение: {thing}",
    "Introduction: you and {name}",
    "Order {number} confirmed ✅",
    "Can we talk about {thing}?",
    "Feedback on {thing}",
)
THINGS = (
    *("the spring campaign", "the warehouse move", "the new website", "onboarding", "support"),
    *("the Zürich office", "the audit", "pricing 2027", "the data export", "the pilot"),
    *("the café equipment", "the annual report", "training", "the integration", "returns"),
)
SENTENCES = (
    "Thank you for your message.",
    "Please find the figures attached.",
    "I talked to {name} and we agree on the scope.",
    "Could you confirm {day} at ten?",
    "The price is 1.250,00 € plus VAT.",
    "Wir melden uns bis Ende der Woche.",
    "Merci d'avance pour votre réponse.",
    "ご確認よろしくお願いいたします。",
    "Let me know if anything is missing.",
    "The delivery of {thing} is on its way.",
    "We would like to move forward with {thing}.",
    "Sorry for the late reply!",
    "Looping in {name}, who runs {thing}.",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
NEWSLETTERS = ("The Weekly Digest", "Produktneuigkeiten", "Science Today", "Café & Code")
PROMOTIONS = ("20% off everything", "Last chance: spring sale", "Nur heute: Gratisversand")
SOCIAL = ("{name} wants to connect", "You have 3 new notifications", "{name} commented")
NOTICES = ("Build failed: main", "Your statement is ready", "Password changed", "Backup done")
SPAM = ("You WON!!!", "Urgent: claim your parcel", "Cheap pills")
FILES = (
    ("quote.pdf", "application/pdf"),
    ("Übersicht.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("photo.jpg", "image/jpeg"),
    ("notes.txt", "text/plain"),
    ("見積書.pdf", "application/pdf"),
    ("contract.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
)
MEETINGS = (
    *("Stand-up", "1:1 with {name}", "Review: {thing}", "Lunch with {name}", "Planning"),
    *("Vorstellungsgespräch", "Demo of {thing}", "Workshop: {thing}", "Déjeuner d'équipe"),
)
LOCATIONS = ("", "", "Room Sanderling", "Café Müller, Zürich", "Headquarters, 4th floor")
ZONES = ("Europe/Paris", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC")
