"""The floor that decides: values in, values out; no doit, no process, no network, no clock."""
