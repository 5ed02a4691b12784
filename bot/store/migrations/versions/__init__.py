"""The steps, one module each; `down_revision` names the step before. They only go up: a backup is the way back."""
