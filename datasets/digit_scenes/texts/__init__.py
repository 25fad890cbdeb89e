"""What is written on pages: words of several languages, sentences, names, dates, amounts, units and codes."""
