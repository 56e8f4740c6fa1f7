"""Networks that adapt with frozen weights: trained over sessions of fields, they learn a new field by what they remember."""
