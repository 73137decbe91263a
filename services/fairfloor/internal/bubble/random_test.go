package bubble

import _ "pgregory.net/rapid"
