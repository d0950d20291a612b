select status, location, body, dispatch from hand_out_job()
