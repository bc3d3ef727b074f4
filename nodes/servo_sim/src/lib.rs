//! Six CiA 402 drives and the physics of the arm
