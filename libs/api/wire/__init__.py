"""Values as text and bytes: paths, parameters, bodies and answers, both ways."""
