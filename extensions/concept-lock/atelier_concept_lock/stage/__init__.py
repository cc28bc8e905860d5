"""The page of regions and the rows beside it, in the tab and in the accordions alike."""
