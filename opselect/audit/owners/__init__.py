"""Who owns each byte of a binary; :func:`opselect.audit.owners.owning.owners` answers it."""
