"""What staff decide about trust: deals that are held, partners who are blocked, sales that are missed."""
