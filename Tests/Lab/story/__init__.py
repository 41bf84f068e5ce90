"""Services with defects, their repositories, and a fake model that mends them: what the fix pipeline is shown with."""
