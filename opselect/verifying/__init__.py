"""What a build has, by whatever says it: lists, manifests, headers, registration files; and what of it models lack."""
