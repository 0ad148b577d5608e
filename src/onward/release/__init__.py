"""One update of a lineage: the version in use and what arrived become the next version, judged and kept."""
