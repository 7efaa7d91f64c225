"""Firearms that mark cartridge cases, with known truth.

tool relief (`breech`, `firearm`) -> mark on the primer, what is measured of it and its scan
(`cartridge`), as a photograph (`render`) -> file (`write`) -> a set of cases (`sample`)
"""
