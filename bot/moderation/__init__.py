"""What may be asked: word rules of a guild, and a moderation endpoint of the operator's choice."""
