"""From a study to forecasts: its configuration refitted, walked forward over past years, and put to use."""
