"""Discord apart from the commands: client, delivery, cards, replies, and the words for what happened."""
