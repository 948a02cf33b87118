"""Daily files of any vendor, written as a qlib provider: ``importing.import_files`` is all that others call."""
