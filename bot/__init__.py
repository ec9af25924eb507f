"""The bot: what it hears, decides, does and remembers; words live in `formatters`, what one can ask in `commands`."""
