"""Calls that wait in the database until they have an outcome: kept, carried out, told about."""
