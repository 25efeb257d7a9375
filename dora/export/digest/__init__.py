"""The brief as a message: text, blocks of Slack, a card of Teams, a mail."""
