"""Reads mail and calendars of Microsoft 365 and Outlook over Microsoft Graph."""
