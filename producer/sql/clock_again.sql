select dispatch_again(500)
