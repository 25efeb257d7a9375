"""Building blocks of a page: cards, tables, filters, clickable charts, dialogs."""
