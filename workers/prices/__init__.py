"""What calls cost: prices of one's own over those of a public list, and receipts over both."""
