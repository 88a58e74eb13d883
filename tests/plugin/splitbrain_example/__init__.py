"""Systems under test that do not come with Splitbrain."""
