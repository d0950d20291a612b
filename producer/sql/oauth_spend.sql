select status, location, body, dispatch from spend_consent($1::uuid)
