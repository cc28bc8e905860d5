"""REST under `/atelier/v1/<unit>/<verb>`: JSON in and out, one sentence for bad input."""
