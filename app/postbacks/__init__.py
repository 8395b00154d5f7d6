"""A partner's own postbacks: an address of his tracker that is called when one of his deals changes."""
