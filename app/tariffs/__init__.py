"""What merchants pay for the platform: plans, the trial, what is used, and monthly invoices."""
