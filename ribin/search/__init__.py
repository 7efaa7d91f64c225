"""From a query to a ranked list: who is asked, what each may show, what was compared."""
