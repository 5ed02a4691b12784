"""Reports: what was made in a period and what it cost, as figures, as a picture and as a file of rows."""
