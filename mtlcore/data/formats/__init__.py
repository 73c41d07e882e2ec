"""What several data sets share: file formats, text encodings, image overlays and label maps."""
