"""Services with defects, their repositories, and a scripted model that repairs them: what the fix pipeline is shown with."""
