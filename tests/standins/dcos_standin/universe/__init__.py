"""The Universe: the packages that the collection deals with, written from what is known of their options."""
