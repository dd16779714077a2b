"""What binaries cost: every byte has an owner, ops have what would go with them, two builds are held together."""
