"""What the bot does, with no idea of Discord: the service that commands call, the worker, one step per state."""
