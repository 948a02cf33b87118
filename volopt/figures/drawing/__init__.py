"""Charts drawn: by plotly for the browser, by matplotlib where there is none; ``files`` chooses."""
