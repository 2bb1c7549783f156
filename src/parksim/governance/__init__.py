"""Who is asked, who sits, and what is done about requests: the rules behind community life's phase."""
