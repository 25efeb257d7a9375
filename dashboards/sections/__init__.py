"""Parts of a page that several charts and tables make up."""
