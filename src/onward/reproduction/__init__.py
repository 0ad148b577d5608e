"""Published claims, run again and told beside what was published."""
