"""Where trainings and evaluations run: child processes of a warm parent, later other machines."""
