"""Where this instance lives, what the organisation's policy and the person's own configuration say, and the clock."""
