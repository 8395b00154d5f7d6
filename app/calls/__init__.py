"""What programs said to the API and were answered: the last calls of each key, masked."""
