"""Import daily files of any vendor into a qlib provider; ``importing.import_files`` is the entry."""
