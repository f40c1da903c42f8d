"""What makes an answer good enough: rules, schemas, code that parses."""
