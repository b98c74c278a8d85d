"""What members will probably do next: models fitted to what they did, held against what then happened."""
