"""Import daily files of any vendor into a qlib provider; ``importing.import_files`` is the entry.

``content`` unpacks and decodes a file; ``csv_table``, ``sheet`` and ``table`` find its ``header`` and its ``columns``;
``rows`` reads ``dates`` and ``numbers``, whose decimal ``marks`` all columns show together, and refuses ``losses`` and
``doubles``; ``clean`` makes days of rows, and ``merge`` writes them.
"""
