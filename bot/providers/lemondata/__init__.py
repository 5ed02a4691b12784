"""The unified video API of LemonData, today TokenLab: its client, its wire format and the models known of it."""
