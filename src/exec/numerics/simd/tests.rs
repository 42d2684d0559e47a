//! Vectors against numbers: each lane of a vector's operation is what the instruction on numbers of that width would make of it.
