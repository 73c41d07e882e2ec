"""What only the book needs: style, figures, toy problems, widgets, the ledger."""
