"""What every simulated provider has: people, mails, meetings, tokens, faults and a control door."""
