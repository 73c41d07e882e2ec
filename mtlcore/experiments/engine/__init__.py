"""Experiments declared as data, run into files, collated into tables."""
